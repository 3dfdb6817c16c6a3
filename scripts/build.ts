import { bundle } from './bundle.ts';

await bundle({ source: 'src/main.ts', file: 'dist/magneto.cjs', format: 'cjs' });

import { bundle } from './bundle.ts';
import { writeNotices } from './notices.ts';

const inputs = await bundle({ source: 'src/main.ts', file: 'dist/magneto.cjs', format: 'cjs' });
writeNotices(inputs, 'dist');

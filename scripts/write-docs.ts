import { writeFileSync } from 'node:fs';
import { configurationPage } from '../src/config/documentation.ts';

// The pages that are printed from the sources; a test sees to it that they are the latest.
writeFileSync('docs/configuration.md', configurationPage());

import { existsSync } from 'node:fs';
import { hasRuntimeValue, sourceFiles } from './scripts/sources.ts';

// A file of nothing but types has no line that could run, and would count as never run.
const typesOnly = existsSync('src')
  ? sourceFiles('src').filter((path) => !hasRuntimeValue(path))
  : [];

/** @type {import('jest').Config} */
export const config = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/test/netns/', '/test/docker/', '/test/conformance/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Node strips the types itself; Jest only has to hand the modules over as they are.
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json'],
  globalSetup: '<rootDir>/test/build.ts',
  testEnvironment: '<rootDir>/test/environment.ts',
  testTimeout: 20_000,
  // Most tests wait for sockets and child processes rather than compute.
  maxWorkers: '100%',
  injectGlobals: false,
  // main.ts is the process itself: it runs in child processes, where coverage does not look.
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', ...typesOnly.map((path) => `!${path}`)],
  coverageProvider: 'v8',
  coverageReporters: ['json-summary', 'lcov', 'text'],
};

export default config;

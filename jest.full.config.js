import { config } from './jest.config.js';

/** The suites that need a kernel to write rules into, or Docker, come on top. */
export default {
  ...config,
  testPathIgnorePatterns: ['/node_modules/'],
  globalTeardown: '<rootDir>/test/docker/teardown.ts',
};

import { config } from './jest.config.js';

// The gigabyte of the tests with large bodies.
process.env.MAGNETO_TEST_BODY_MIB ??= '1024';

/** The suites that need a kernel to write rules into, or Docker, come on top. */
export default {
  ...config,
  testPathIgnorePatterns: ['/node_modules/'],
  globalTeardown: '<rootDir>/test/docker/teardown.ts',
};

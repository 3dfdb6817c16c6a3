import { describe, expect, test } from '@jest/globals';
import { optionNames, options } from '../../src/config/options.ts';
import { captureOptions } from '../../src/config/options-capture.ts';
import { grpcOptions } from '../../src/config/options-grpc.ts';
import { listeningOptions } from '../../src/config/options-listening.ts';
import { runOptions } from '../../src/config/options-run.ts';
import { trafficOptions } from '../../src/config/options-traffic.ts';
import { tlsOptions } from '../../src/config/options-tls.ts';
import type { Option } from '../../src/config/option.ts';

describe('the options', () => {
  test.each(optionNames)('%s is complete, and its default is a value', (name) => {
    const option: Option<unknown> = options[name];
    expect(option.env).toMatch(/^MAGNETO_[A-Z_]+2?$/);
    for (const text of [option.doc, option.reason]) expect(text).toMatch(/^[A-Z`].{20,}\.$/);
    expect(option.takes.length).toBeGreaterThan(5);
    expect(() => option.parse(option.default)).not.toThrow();
  });

  test('stand in one group each', () => {
    const groups = [
      runOptions,
      trafficOptions,
      grpcOptions,
      listeningOptions,
      captureOptions,
      tlsOptions,
    ];
    expect(groups.flatMap((group) => Object.keys(group)).toSorted()).toEqual(
      optionNames.toSorted(),
    );
  });

  test('have a variable each', () => {
    const variables = optionNames.map((name) => options[name].env);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

import { captureOptions } from './options-capture.ts';
import { grpcOptions } from './options-grpc.ts';
import { listeningOptions } from './options-listening.ts';
import { runOptions } from './options-run.ts';
import { tlsOptions } from './options-tls.ts';
import { trafficOptions } from './options-traffic.ts';

/** Every option, in the order of the documentation. */
export const options = {
  ...runOptions,
  ...trafficOptions,
  ...grpcOptions,
  ...listeningOptions,
  ...captureOptions,
  ...tlsOptions,
};

/** The name of an option in the settings. */
export type OptionName = keyof typeof options;

/** The names of all options, in the order of the documentation. */
export const optionNames = Object.keys(options) as readonly OptionName[];

/** What each option's text becomes. */
export type OptionValues = {
  readonly [Name in OptionName]: ReturnType<(typeof options)[Name]['parse']>;
};

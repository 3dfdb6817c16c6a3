import type { FailureEntry } from './failure.ts';

/** What can go wrong where the kernel leads connections to magneto. */
export const captureFailures = {
  NET_ADMIN_MISSING: {
    status: 0,
    title: 'The kernel does not let magneto change the rules of this network namespace',
    remedy: 'add to the service: cap_drop: [ALL], cap_add: [NET_ADMIN, SETUID, SETGID]',
  },
  NET_RAW_MISSING: {
    status: 0,
    title:
      'The older kind of iptables, which this kernel needs, wants the capability NET_RAW as well',
    remedy: 'add to the service: cap_drop: [ALL], cap_add: [NET_ADMIN, NET_RAW, SETUID, SETGID]',
  },
  IPTABLES_MISSING: {
    status: 0,
    title: 'There is no iptables to write the rules with',
    remedy: 'use the transparent image, or install iptables; or set MAGNETO_TRANSPARENT=false',
  },
  NAT_UNAVAILABLE: {
    status: 0,
    title: 'The kernel does not take rules that redirect connections',
    remedy:
      'load nf_nat, xt_REDIRECT and xt_owner on the host; for iptables-legacy in a container ' +
      'cap_add: [NET_RAW]; or use HTTP_PROXY and HTTPS_PROXY',
  },
  IP6TABLES_UNAVAILABLE: {
    status: 0,
    title: 'IPv6 connections cannot be redirected here',
    remedy: 'add to the service: sysctls: { net.ipv6.conf.all.disable_ipv6: "1" }',
  },
  FILTER_UNAVAILABLE: {
    status: 0,
    title: 'The kernel does not take the rules that refuse UDP and count what gets through',
    remedy:
      'load xt_conntrack, xt_addrtype and ipt_REJECT on the host, for MAGNETO_UDP and counters',
  },
  SEAL_UNAVAILABLE: {
    status: 0,
    title: 'The kernel does not take the rules that seal magneto off',
    remedy: 'load xt_conntrack and ipt_REJECT on the host, or set MAGNETO_SEAL=false',
  },
  FORWARDING_OFF: {
    status: 0,
    title: 'The kernel does not pass on what a gateway does not capture',
    remedy:
      "add to the service: sysctls: { net.ipv4.ip_forward: '1', net.ipv6.conf.all.forwarding: '1' }",
  },
  ROUTE_FAILED: {
    status: 0,
    title: 'The way out of this network namespace could not be led through the gateway',
    remedy: 'name a magneto that is in a network of this container: rules route --via magneto',
  },
  CAPTURED_PORT_IS_OWN: {
    status: 0,
    title: 'A port that is to be captured is one that magneto itself listens on',
    remedy: 'take it out of MAGNETO_REDIRECT_PORTS, or move magneto (MAGNETO_PORT and its like)',
  },
  ORIGINAL_DESTINATION_UNAVAILABLE: {
    status: 0,
    title: 'The kernel cannot be asked where a redirected connection was to go',
    remedy: 'use the transparent image, or set MAGNETO_TRANSPARENT=false',
  },
  CAPTURE_SELF_TEST_FAILED: {
    status: 0,
    title: 'Test connections of the self-test did not come through as they should',
    remedy: 'do what the lines below say, then run: magneto rules verify',
  },
} as const satisfies Record<string, FailureEntry>;

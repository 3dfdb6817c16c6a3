import { hostPatterns, list, path, ValueError } from './values.ts';

/** Files that hold what the servers of a host are shown; one file may hold both. */
export interface ClientCertificateFiles {
  /** `api.example.org`, `*.example.org` or `*`; lower-case. */
  readonly host: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** `host=cert.pem:key.pem`, or `host=both.pem`, comma-separated; the files are read when the network is needed. */
export function clientCertificates(text: string): readonly ClientCertificateFiles[] {
  return list(text).map((member) => {
    const [, pattern = '', certificateFile = '', keyFile = certificateFile] =
      /^([^=]+?)\s*=\s*([^:]+?)(?:\s*:\s*([^:]+))?$/.exec(member) ?? [];
    const [host] = hostPatterns(pattern);
    if (host === undefined) throw new ValueError(`"${member}" is no host=cert.pem:key.pem`);
    return { host, certificateFile: path(certificateFile), keyFile: path(keyFile) };
  });
}

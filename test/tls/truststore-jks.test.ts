import { jksTruststore } from '../../src/tls/truststore-jks.ts';
import { keystoreTests } from './keystore.ts';

keystoreTests('JKS', jksTruststore);

import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isLoopback } from '../domain/urls.ts';

/** Which addresses a redirect may lead to. Loopback only where the service that redirects is there itself, as in the local workspace. */
export interface Reach {
  readonly loopback: boolean;
}

/** A name that leads to an address inside somebody's network, where a task could make the bot ask on its behalf. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
  readonly hostname: string;

  constructor(hostname: string, problem: string) {
    super(problem);
    this.hostname = hostname;
  }
}

/** Why a URL may not be asked, as far as it can be seen from the URL; `undefined` where it may. */
export function urlProblem(url: URL, reach: Reach): string | undefined {
  if (url.username || url.password) return 'the address carries credentials';
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  const loopback = isLoopback(host) || host.endsWith('.localhost');
  if (loopback) {
    if (!reach.loopback) return 'it is a loopback address';
    return /^https?:$/.test(url.protocol) ? undefined : `${url.protocol} is not http: or https:`;
  }
  if (url.protocol !== 'https:') return `${url.protocol} is not https:`;
  const address = host.replace(/^\[|\]$/g, '');
  return isIP(address) ? addressProblem(address, reach) : undefined;
}

/** Why an IP address may not be connected to; `undefined` where it may. */
export function addressProblem(address: string, reach: Reach): string | undefined {
  const bare = address.replace(/%.*$/, ''); // fe80::1%eth0
  const family = isIP(bare);
  if (family === 0) return 'it is not an IP address';
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (loopbackAddresses.check(bare, type)) {
    return reach.loopback ? undefined : `${bare} is a loopback address`;
  }
  const blocked = family === 4 ? ipv4 : ipv6;
  return blocked.check(bare, type) ? `${bare} is not a public address` : undefined;
}

/**
 * A DNS lookup for connections: the check is made on the very addresses that are connected to, so that a name which
 * answers differently the second time gains nothing. One bad address among several refuses the name.
 */
export function vettedLookup(reach: Reach, resolve: typeof dnsLookup = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const problem = addressProblem(address, reach);
        if (problem) return callback(new ForbiddenAddress(hostname, problem), []);
      }
      const [first] = addresses;
      if (!first) return callback(new Error(`${hostname} has no address`), []);
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const ipv4 = blockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16', // also the clouds' metadata services
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** @see https://www.iana.org/assignments/iana-ipv6-special-registry */
const ipv6 = blockList('ipv6', [
  '::/96',
  '::ffff:0:0/96', // IPv4 in disguise
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

function blockList(type: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/');
    list.addSubnet(address, Number(prefix), type);
  }
  return list;
}

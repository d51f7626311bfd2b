import { fail } from '../domain/errors.ts';
import { serviceUrl } from '../domain/urls.ts';
import type { Variables } from './environment.ts';
import type { KeyGroup } from './metadata.ts';

/** Where Azure’s key vaults are, in each of its clouds: Azure itself answers there, whoever’s vault it is. */
const azure = /^[a-z0-9-]+\.(?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)$/;

/** Its region becomes a part of a host’s name. */
const arn = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d+:(?:key|alias)\//;

/** A URL that no two parsers read differently. */
const plainUrl = /^https?:\/\/[A-Za-z0-9.:[\]-]+(?:\/[\w./-]*)?$/;

/**
 * The file names the servers that sops asks with the credentials of the environment, so an attacker’s must not be
 * one. AWS and Azure are asked at their own domains only; GCP and Huawei have no host in the file. A Vault is
 * anywhere, and gets the token as it is: it must be the one of VAULT_ADDR. Returns the Vaults’ addresses.
 */
export function checkServers(groups: readonly KeyGroup[], env: Variables): readonly string[] {
  for (const key of groups.flatMap(({ kms }) => kms ?? [])) {
    if (!arn.test(text(key['arn'])))
      refuse('it names an AWS key by something that is no ARN of one');
  }
  for (const key of groups.flatMap(({ azure_kv: azureKeys }) => azureKeys ?? [])) {
    const { hostname } = safeUrl(key['vault_url']);
    if (!azure.test(hostname)) refuse(`it names an Azure vault outside Azure: ${hostname}`);
  }
  const vaults = groups.flatMap(({ hc_vault: vaultKeys }) => vaultKeys ?? []);
  return vaults.map((key) => ourVault(key['vault_address'], env['VAULT_ADDR']));
}

function ourVault(address: unknown, ours: string | undefined): string {
  const { origin } = safeUrl(address);
  if (!ours) refuse('it names a Vault, and VAULT_ADDR, which says whose, is not set');
  if (!URL.canParse(ours) || new URL(ours).origin !== origin) {
    refuse('it names another Vault than VAULT_ADDR');
  }
  return text(address);
}

function safeUrl(value: unknown): URL {
  const url = text(value);
  if (!serviceUrl.safeParse(url).success) refuse('it names a key server without https');
  if (!plainUrl.test(url)) refuse('it names a key server by more than its address');
  return new URL(url);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function refuse(problem: string): never {
  return fail('sops-file', { problem });
}

/** Describes the machine that a figure was taken on. */

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** The vector instructions that matter, where the system tells. */
  readonly simd: string;
}

const simd = (): string => {
  try {
    const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
    return ['avx2', 'fma', 'avx512f', 'avx512_vnni', 'amx_tile'].filter((flag) => flags.includes(flag)).join(' ');
  } catch {
    return 'unknown';
  }
};

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${platform()} ${arch()}`,
  node: process.versions.node,
  simd: simd(),
});

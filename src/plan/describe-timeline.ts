/** A timeline of a run on several devices, for people: a line per worker. */

interface Stretch {
  readonly device: string;
  readonly threadId: number;
  readonly columns: readonly [number, number];
  readonly from: number;
  readonly to: number;
}

/** Characters of a line of time. */
const LENGTH = 48;

export const describeTimeline = (timeline: readonly Stretch[]): string[] => {
  const end = Math.max(...timeline.map(({ to }) => to));
  const workers = new Map<string, Stretch[]>();
  for (const stretch of timeline) {
    const name = `${stretch.device} ${stretch.threadId}`;
    workers.set(name, [...(workers.get(name) ?? []), stretch]);
  }
  return [...workers].map(([name, stretches]) => {
    const line = new Array<string>(LENGTH).fill('·');
    let columns = 0;
    for (const {
      from,
      to,
      columns: [first, limit],
    } of stretches) {
      columns += limit - first;
      const at = Math.min(LENGTH - 1, Math.floor((from / end) * LENGTH));
      for (let i = at; i < Math.max(at + 1, Math.round((to / end) * LENGTH)); i++) line[i] = '█';
    }
    return `  ${name.padEnd(16)} ${line.join('')} ${columns} columns in ${stretches.length} tiles`;
  });
};

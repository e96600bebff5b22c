/** A timeline of a run on several devices, for people: a line per worker, █ where it computes, ░ where it loads. */

interface Stretch {
  readonly doing: 'loading' | 'computing';
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
    const draw = ({ from, to }: Stretch, mark: string): void => {
      const at = Math.min(LENGTH - 1, Math.floor((from / end) * LENGTH));
      line.fill(mark, at, Math.max(at + 1, Math.round((to / end) * LENGTH)));
    };
    const computed = stretches.filter(({ doing }) => doing === 'computing');
    for (const stretch of stretches) if (stretch.doing === 'loading') draw(stretch, '░');
    // What takes less than a character's time is seen where it computed.
    for (const stretch of computed) draw(stretch, '█');
    const columns = computed.reduce((sum, { columns: [first, limit] }) => sum + limit - first, 0);
    return `  ${name.padEnd(16)} ${line.join('')} ${columns} columns in ${computed.length} tiles`;
  });
};

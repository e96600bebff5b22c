/** Listens to AbortSignals with one listener each, however many runs one signal stops: Node takes many for a leak. */

interface Listening {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const signals = new WeakMap<AbortSignal, Listening>();

const listen = (signal: AbortSignal): Listening => {
  const calls = new Set<() => void>();
  const listening = {
    calls,
    listener: () => {
      for (const call of [...calls]) call();
    },
  };
  signal.addEventListener('abort', listening.listener);
  signals.set(signal, listening);
  return listening;
};

/** Calls when the signal is aborted, at once if it is already; the function returned ends that. */
export const onAbort = (signal: AbortSignal, call: () => void): (() => void) => {
  if (signal.aborted) {
    call();
    return () => {};
  }
  const { calls, listener } = signals.get(signal) ?? listen(signal);
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0) return;
    signal.removeEventListener('abort', listener);
    signals.delete(signal);
  };
};

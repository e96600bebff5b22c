/** What is known of whole numbers without running anything: their least and greatest, so that checks can be left out. */

import type { Atom, Equation } from '../ir/program.ts';

/** Both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** No fractions, whatever the dtype. */
  readonly whole: boolean;
}

const INT32: Range = { low: -(2 ** 31), high: 2 ** 31 - 1, whole: true };

/** The range of int32 results that don't wrap around. */
const unlessWrapped = (low: number, high: number): Range | undefined =>
  low >= INT32.low && high <= INT32.high ? { low, high, whole: true } : undefined;

export class Ranges {
  readonly #ranges = new Map<Atom, Range>();

  /** Undefined for a float of which nothing is known; it may be NaN. */
  of(atom: Atom): Range | undefined {
    if (atom.kind === 'literal') return { low: atom.value, high: atom.value, whole: Number.isInteger(atom.value) };
    return this.#ranges.get(atom) ?? (atom.aval.dtype === 'int32' ? INT32 : undefined);
  }

  /** Takes note of an equation's result. */
  note(equation: Equation): void {
    const range = this.#rangeOf(equation);
    if (range) this.#ranges.set(equation.output, range);
  }

  #rangeOf({ primitive, inputs, params, output }: Equation): Range | undefined {
    const isInt = output.aval.dtype === 'int32';
    const cut = isInt ? Math.trunc : (value: number) => value;
    if (primitive === 'iota') {
      return { low: 0, high: (params.shape as readonly number[])[params.axis as number] - 1, whole: true };
    }
    if (primitive === 'argtopk') {
      return { low: 0, high: inputs[0].aval.shape[params.axis as number] - 1, whole: true };
    }
    if (primitive === 'select') {
      const [a, b] = [this.of(inputs[1]), this.of(inputs[2])];
      return a && b && { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), whole: a.whole && b.whole };
    }
    const x = inputs.length === 0 ? undefined : this.of(inputs[0]);
    if (!x) return undefined;
    const y = inputs.length > 1 ? this.of(inputs[1]) : undefined;
    switch (primitive) {
      case 'cast':
        return { low: cut(x.low), high: cut(x.high), whole: x.whole || isInt };
      case 'reshape':
      case 'permute':
      case 'broadcast':
      case 'slice':
      case 'reverse':
      case 'roll':
        return x;
      case 'max':
        return y && { low: Math.max(x.low, y.low), high: Math.max(x.high, y.high), whole: x.whole && y.whole };
      case 'min':
        return y && { low: Math.min(x.low, y.low), high: Math.min(x.high, y.high), whole: x.whole && y.whole };
      case 'div':
        // A positive constant divisor keeps the order.
        return y && y.low === y.high && y.low > 0
          ? { low: cut(x.low / y.low), high: cut(x.high / y.low), whole: isInt }
          : undefined;
      case 'add':
        return y && isInt ? unlessWrapped(x.low + y.low, x.high + y.high) : undefined;
      case 'sub':
        return y && isInt ? unlessWrapped(x.low - y.high, x.high - y.low) : undefined;
      case 'mul':
        if (isInt) return y && x.low >= 0 && y.low >= 0 ? unlessWrapped(x.low * y.low, x.high * y.high) : undefined;
        // In float64 the bounds are rounded as the engine rounds.
        return y && y.low === y.high && y.low > 0 && output.aval.dtype === 'float64'
          ? { low: x.low * y.low, high: x.high * y.low, whole: false }
          : undefined;
      case 'rem':
        return y && y.low === y.high && y.low > 0 && x.low >= 0
          ? { low: 0, high: Math.min(x.high, y.low - (x.whole && y.whole ? 1 : 0)), whole: x.whole && y.whole }
          : undefined;
      default:
        return undefined;
    }
  }
}

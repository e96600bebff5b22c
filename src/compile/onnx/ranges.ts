/** What is known of whole numbers without running anything: their least and greatest, so that checks can be left out. */

import type { Atom, Equation } from '../../ir/program.ts';

/** Both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const INT32: Range = { low: -(2 ** 31), high: 2 ** 31 - 1 };

export class Ranges {
  readonly #ranges = new Map<Atom, Range>();

  /** Undefined for a float of which nothing is known; it may be NaN. */
  of(atom: Atom): Range | undefined {
    if (atom.kind === 'literal') return { low: atom.value, high: atom.value };
    return this.#ranges.get(atom) ?? (atom.aval.dtype === 'int32' ? INT32 : undefined);
  }

  /** Takes note of an equation's result. */
  note(equation: Equation): void {
    const range = this.#rangeOf(equation);
    if (range) this.#ranges.set(equation.output, range);
  }

  #rangeOf({ primitive, inputs, params, output }: Equation): Range | undefined {
    const whole = output.aval.dtype === 'int32' ? Math.trunc : (value: number) => value;
    if (primitive === 'iota') return { low: 0, high: (params.shape as readonly number[])[params.axis as number] - 1 };
    if (primitive === 'select') {
      const [a, b] = [this.of(inputs[1]), this.of(inputs[2])];
      return a && b && { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
    }
    const [x, y] = inputs.map((a) => this.of(a));
    if (!x) return undefined;
    switch (primitive) {
      case 'cast':
        return { low: whole(x.low), high: whole(x.high) };
      case 'reshape':
      case 'permute':
      case 'broadcast':
      case 'slice':
      case 'reverse':
        return x;
      case 'max':
        return y && { low: Math.max(x.low, y.low), high: Math.max(x.high, y.high) };
      case 'min':
        return y && { low: Math.min(x.low, y.low), high: Math.min(x.high, y.high) };
      case 'div':
        // A positive constant divisor keeps the order.
        return y && y.low === y.high && y.low > 0
          ? { low: whole(x.low / y.low), high: whole(x.high / y.low) }
          : undefined;
      case 'rem':
        return y && y.low === y.high && y.low > 0 && x.low >= 0
          ? { low: 0, high: Math.min(x.high, y.low - (output.aval.dtype === 'int32' ? 1 : 0)) }
          : undefined;
      default:
        return undefined;
    }
  }
}

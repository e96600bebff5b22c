/** The errors for what `f` must not do while it is recorded: each names the operation and says what to write instead. */

import { DiffopsError } from '../errors.ts';
import { type Aval, printAval } from '../ir/aval.ts';
import { refusedKernels } from './kernels/index.ts';

/** `tf.softmax`, or the kernel's name where no op made the call. */
const named = (op: string | undefined, kernel: string): string => (op === undefined ? `kernel ${kernel}` : `tf.${op}`);

/** Methods of tensors, and ops, that read values, by the name in the stack; the outermost is what the user wrote. */
const READERS =
  /\b(?:(?:Tensor|Variable)\.(dataSync|data|arraySync|array|bufferSync|buffer|bytes|dataToGPU|toString|print)|(print|whereAsync|booleanMaskAsync|setdiff1dAsync|inTopKAsync|toPixels))_? /;

const FRAMES = 40;

/** The operation that is reading a value now, by the call stack; V8 names it even where tfjs is bundled. */
const readingOperation = (): string => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  let operation = 'dataSync';
  for (const frame of stack.split('\n')) {
    const match = READERS.exec(frame);
    if (match) operation = match[1] ?? match[2];
  }
  return operation;
};

const READING: Readonly<Record<string, string>> = {
  toString:
    'f turned a tensor into a string or a number (toString), as y > 0, y + 1, Number(y) and template strings do.',
};

/** f reads a value that isn't there yet. `dependsOn` is what the value would come from. */
export const concretization = (dependsOn: 'x' | 'data'): DiffopsError => {
  const operation = readingOperation();
  const what = READING[operation] ?? `f read the values of a tensor (${operation}).`;
  return new DiffopsError(
    'CONCRETIZATION',
    `${what} They depend on ${dependsOn}, and f is recorded once, for every ${dependsOn}. ` +
      'Choose by value with tf.where(condition, a, b), compute with tf ops such as tf.greater and tf.add instead of ' +
      'operators, join tensors with tf.stack([a, b]), and keep printing out of f.',
    { operation, dependsOn },
  );
};

/** tfjs makes a tensor without values of an array of tensors, and says nothing. */
export const tensorOfTensors = (shape: readonly number[], length: number): DiffopsError =>
  new DiffopsError(
    'CONCRETIZATION',
    `f made a tensor of shape [${shape}] out of an array that holds ${length} numbers: tf.tensor takes numbers, not tensors. ` +
      'Join tensors with tf.stack([a, b]) or tf.concat([a, b]).',
    { operation: 'tf.tensor', shape, length },
  );

export const unsupportedKernel = (op: string | undefined, kernel: string): DiffopsError => {
  const refusal = Object.hasOwn(refusedKernels, kernel) ? refusedKernels[kernel] : undefined;
  const reason = refusal?.reason ?? 'diffops knows no such kernel.';
  const remedy = refusal?.remedy ?? 'Write it with other ops, or compute it outside of f.';
  const name = op === undefined ? named(op, kernel) : `${named(op, kernel)} (kernel ${kernel})`;
  return new DiffopsError(
    'UNSUPPORTED_OP',
    `${name} of a value that depends on x or data can't be recorded: ${reason} ${remedy}`,
    {
      kernel,
      op,
    },
  );
};

export const unsupportedConstant = (op: string | undefined, kernel: string, dtype: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `${kernel === 'return' ? 'f returned' : `${named(op, kernel)} got`} a constant of dtype ${dtype}; a program has numbers only. ` +
      'Prepare strings outside of f, and pass numbers.',
    { kernel, op, dtype },
  );

/** A complex tensor where only a real one can be: what f returns, or what tf.customGrad is about. */
export const complexResult = (kernel: string, where: string): DiffopsError =>
  kernel === 'return'
    ? new DiffopsError(
        'FUNCTION',
        `f returned a complex tensor at ${where}; derivatives are those of real functions. Return what is real: ` +
          'tf.real(z), tf.imag(z) or tf.abs(z), or tf.stack of both parts.',
        { path: where, dtype: 'complex64' },
      )
    : new DiffopsError(
        'UNSUPPORTED_OP',
        `f uses tf.${kernel} with a complex tensor (${where}); its gradient is that of a real function of real tensors. ` +
          'Give it tf.real(z) and tf.imag(z), and make tf.complex(re, im) of them inside.',
        { op: kernel, input: where, dtype: 'complex64' },
      );

/** tfjs has no gradients of complex tensors, or wrong ones. */
export const complexGradient = (op: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `f takes a gradient with tf.grad through tf.${op} of a complex tensor: TensorFlow.js has no such gradient. Compute ` +
      'with real and imaginary parts as two real tensors there, or leave the derivative to diffops, which has it.',
    { op, dtype: 'complex64' },
  );

/** A kernel that isn't recorded ran on constants, which f takes a gradient in. */
export const missingGradient = (op: string | undefined, kernel: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `f takes a gradient with tf.grad through ${named(op, kernel)}: TensorFlow.js has no such gradient, and diffops doesn't ` +
      'record this op. Compute its result outside of the function that tf.grad differentiates, or write it with other ops.',
    { op, kernel },
  );

export const complexOperand = (op: string | undefined, kernel: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `${named(op, kernel)} of a complex tensor can't be recorded: it isn't defined for complex numbers, or not in one way. ` +
      'Apply it to tf.real(z), tf.imag(z) or tf.abs(z), or write it with other ops.',
    { kernel, op, dtype: 'complex64' },
  );

export const disposedConstant = (op: string | undefined, kernel: string, input: string): DiffopsError =>
  new DiffopsError(
    'FUNCTION',
    `f used a disposed tensor: input ${input} of ${named(op, kernel)}. Dispose it after f has run, or tf.keep it.`,
    { kernel, op, input },
  );

/** A function given to tf.customGrad takes what varies out of a closure; tfjs would call its gradient zero. */
export const enclosedGradient = (): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    'f uses tf.customGrad on constants, with a function that takes a value which depends on x or data from around it: ' +
      'its gradient function says nothing of that value. Pass it as an argument of the function.',
    { op: 'customGrad' },
  );

/** Not linear in dy, a gradient function is the derivative of nothing, and has no forward mode. */
export const nonlinearGradient = (): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    'f uses tf.customGrad with a gradFunc that is not linear in dy (it clips dy, squares it or adds to it). A derivative ' +
      'in every direction can’t be made of that. Let gradFunc multiply dy by something that does not depend on dy, or call ' +
      'the ops inside directly: diffops differentiates them exactly, to any order.',
    { op: 'customGrad' },
  );

/** What gradFunc does is recorded at once, not when a derivative is asked for. */
export const endlessGradient = (): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    'f uses tf.customGrad with a gradFunc that calls the function itself, directly or through others, or ten such functions ' +
      'one within the other: recording it has no end. Save the result (save([y])) and let gradFunc use that, or call the ops ' +
      'inside directly: diffops differentiates them exactly, to any order.',
    { op: 'customGrad' },
  );

export const wholeValue = ({ dtype }: Aval): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `f uses tf.customGrad with a function whose value is ${dtype}, which no derivative goes through. Let it return value.toFloat().`,
    { op: 'customGrad', dtype },
  );

export const gradientShape = (input: number, gradient: Aval, operand: Aval): DiffopsError =>
  new DiffopsError(
    'FUNCTION',
    `the gradFunc of a tf.customGrad gave ${printAval(gradient)} as the gradient of its argument ${input}, which is ` +
      `${printAval(operand)}; they must have one shape, and be floats.`,
    { op: 'customGrad', argument: input, shape: gradient.shape, expected: operand.shape },
  );

export const randomOp = (op: string): DiffopsError =>
  new DiffopsError(
    'RANDOM',
    `f called tf.${op}, which draws random numbers: one sample would be frozen into the recorded program. ` +
      'Draw outside of f and pass the sample in the option data' +
      (op === 'dropout' ? ', as a mask to multiply by.' : '.'),
    { op },
  );

export const variableAssign = (name: string): DiffopsError =>
  new DiffopsError(
    'VARIABLE_ASSIGN',
    `f assigned the variable '${name}'. f is recorded once and must change nothing: return the new value, or hold it in a const.`,
    { variable: name },
  );

/** Whatever f itself threw, with the original as cause; errors of diffops pass as they are. */
export const functionThrew = (thrown: unknown): DiffopsError =>
  DiffopsError.from(thrown, 'FUNCTION', 'f threw while it was recorded: ');

const DEFECT = / This is a defect of diffops; .*$/;

/** What an op asks of operands where only a kernel inside of it finds out that they don't fit. */
const DEMANDS: Readonly<Record<string, string>> = {
  qr: ' A batch must be one of square matrices, in tfjs itself; others go through tf.linalg.qr one by one.',
};

/**
 * A rule found its operands impossible, as the op itself would have: shapes that don't broadcast, an axis out of range.
 * Some of these only a primitive finds (tfjs checks a matrix product in its kernel): f's mistake all the same.
 */
export const kernelThrew = (op: string | undefined, kernel: string, thrown: unknown): DiffopsError => {
  const where = `f threw while it was recorded, in ${named(op, kernel)}: `;
  if (!(thrown instanceof DiffopsError) || thrown.code !== 'PROGRAM')
    return DiffopsError.from(thrown, 'FUNCTION', where);
  return new DiffopsError(
    'FUNCTION',
    `${where}its operands don't fit (${thrown.message.replace(DEFECT, '')}).${DEMANDS[op ?? ''] ?? ''} Correct their shapes, or report it if tfjs itself takes them.`,
    { ...thrown.fields, op, kernel },
    { cause: thrown },
  );
};

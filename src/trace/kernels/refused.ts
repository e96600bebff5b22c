/** Kernels that can't be recorded when a traced tensor reaches them, and what to do instead. */

export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

const dataDependent: Refusal = {
  reason: "its result's shape depends on values, and a recorded program has fixed shapes.",
  remedy: 'Compute it before, from constants, or write it with masks: tf.where over the full shape.',
};

const chosen: Refusal = {
  reason: 'how many boxes it keeps, and which, depends on values: so would the shape of its result.',
  remedy: 'Choose boxes before, from constants, and take them inside of the function with tf.gather.',
};

const strings: Refusal = {
  reason: 'strings have no derivative and no place in a program.',
  remedy: 'Prepare strings outside of the function and pass numbers.',
};

const random: Refusal = {
  reason: 'it draws random numbers, which would be frozen into the program.',
  remedy: 'Draw them outside of the function and pass them as data.',
};

const outputs: Refusal = {
  reason: 'it reads or writes pixels outside of the program.',
  remedy: 'Do it before or after, on real tensors.',
};

export const refusedKernels: Readonly<Record<string, Refusal>> = {
  Unique: dataDependent,
  SparseFillEmptyRows: dataDependent,
  SparseReshape: dataDependent,
  RaggedGather: dataDependent,
  RaggedRange: dataDependent,
  RaggedTensorToTensor: dataDependent,
  NonMaxSuppressionV3: chosen,
  NonMaxSuppressionV4: chosen,
  NonMaxSuppressionV5: chosen,
  StaticRegexReplace: strings,
  StringNGrams: strings,
  StringSplit: strings,
  StringToHashBucketFast: strings,
  Multinomial: random,
  FromPixels: outputs,
  Draw: outputs,
};

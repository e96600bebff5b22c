/** The public names of diffops, and nothing else. */

export type { Blocks } from './blocks.ts';
export { type Device, devices } from './devices.ts';
export {
  createRuntime,
  type HessianFunction,
  type HessianResult,
  hessian,
  hessianBlocks,
  type JacobianFunction,
  type JacobianResult,
  jacobian,
  jacobianBlocks,
  prepareHessian,
  prepareJacobian,
  type Runtime,
} from './diffops.ts';
export { DiffopsError, type ErrorCode, type ErrorFields } from './errors.ts';
export type { FileMatrix } from './file/file-matrix.ts';
export { float64 } from './float64.ts';
export { hessianToPytree } from './hessian-to-pytree.ts';
export type { Matrix } from './matrix.ts';
export type {
  GraphModelLike,
  LayersModelLike,
  Model,
  ModelInputs,
  ModelOptions,
  ModelParams,
  TrainingModel,
} from './model/contract.ts';
export { model } from './model/model.ts';
export { NdArray } from './nd-array.ts';
export type {
  CommonOptions,
  EvaluateOptions,
  FileOptions,
  HessianOptions,
  InFile,
  JacobianOptions,
  Progress,
  RuntimeOptions,
} from './options.ts';
export type { Plan, PlanSummary } from './plan/plan.ts';
export type { PoolStats } from './pool/pool.ts';
export type { Phases, Prepared, Report, Unflatten } from './prepared.ts';
export { hvp, jvp, type ProductOptions, valueAndGrad, vjp } from './products.ts';
export type { Leaf, Tree, TreeOf } from './pytree.ts';
export type { Block } from './stitch/block.ts';
export type { JacobianOf, LikeX, LikeY, MapLeaves, TensorFunction, TensorsOf } from './tree-types.ts';

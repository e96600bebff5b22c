/** What is different about tfjs' engine while f is recorded: which calls go to the recorder, and which are refused. */

import * as tf from '@tensorflow/tfjs-core';
import { silentProfiler, type TracedData } from './backend.ts';
import {
  type CustomCall,
  type Engine,
  type EngineMethods,
  outsideKernels,
  override,
  type Placement,
  type TapedTensor,
  withoutTape,
  withPlacement,
} from './engine.ts';
import type { Recorder } from './recorder.ts';
import { enclosedGradient, randomOp, tensorOfTensors, variableAssign } from './refusals.ts';
import { Tape } from './tape.ts';

/** Ops whose numbers are drawn in JavaScript; dropout draws through randomUniform, and only where its rate isn't 0. */
const RANDOM = new Set(
  ['rand', 'randomGamma', 'randomNormal', 'randomUniform', 'truncatedNormal', 'multinomial'].map((op) => `${op}__op`),
);

/** Ops of tfjs that define their own gradient with customGrad: that of their forward pass is the true one. */
const CUSTOM_WITHIN_TFJS = new Set(
  ['logSigmoid', 'logSoftmax', 'softmaxCrossEntropy', 'fusedConv2d', 'fusedDepthwiseConv2d', 'fusedMatMul'].map(
    (op) => `${op}__op`,
  ),
);

/** The present placement, without the profiler that would read the results. */
const silently = ({ backendName, backendInstance }: Engine): Placement => ({
  backendName,
  backendInstance,
  profiler: silentProfiler,
});

/** A user's customGrad call whose result, where it is traced, carries its own gradient. */
const carrying = (engine: Engine, call: CustomCall, recorder: Recorder): CustomCall => {
  // What gradFunc takes is made in here: a tape that is on has to hold it, for a tf.grad of the tf.grad that calls gradFunc.
  const within = engine.isTapeOn() ? outsideKernels : withoutTape;
  return {
    ...call,
    forwardFunc: (backend, save) => {
      const first = engine.nextTensorId();
      let saved: tf.Tensor[] = [];
      const result = within(engine, () =>
        call.forwardFunc(backend, (tensors) => {
          saved = tensors;
        }),
      );
      // Nobody else holds this tensor yet.
      const fresh = result.id > first;
      const carried = withoutTape(engine, () => {
        if (Object.values(call.inputs).some((tensor) => recorder.varies(tensor))) {
          return recorder.withOwnGradient(result, call, saved, fresh && recorder.isTraced(result));
        }
        if (recorder.varies(result)) throw enclosedGradient();
        return fresh ? result : result.clone();
      });
      // On the tape, it comes of the arguments now, by gradFunc, and not of what was computed in here.
      if (carried === result) Object.assign(result, { id: engine.nextTensorId() });
      // Now, since tfjs copies what is saved: a copy of the result carries its gradient, too.
      save(saved);
      return carried;
    },
    // A gradFunc that takes a gradient itself ends the tape of the one that it is called for, unless that is on another.
    backwardsFunc: (dy, saved) => {
      const run = () => call.backwardsFunc(dy, saved);
      return engine.state.gradientDepth === 0 ? withoutTape(engine, run) : run();
    },
  };
};

const present = <T>(inputs: Readonly<Record<string, T | null | undefined>>): Record<string, T> =>
  Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, T] => !!entry[1]));

const asTaped = ({ id, dataId, shape, dtype, size }: TapedTensor): TapedTensor => ({ id, dataId, shape, dtype, size });

/** Overrides the engine for one recording; returns the function that undoes it. */
export const hook = (engine: Engine, recorder: Recorder): (() => void) =>
  override(engine, (previous): EngineMethods => {
    let disposing: tf.Variable | undefined;
    const addTapeNode: EngineMethods['addTapeNode'] = (name, inputs, outputs, ...rest) => {
      const taped = Object.fromEntries(Object.entries(inputs).map(([key, tensor]) => [key, asTaped(tensor)]));
      previous.addTapeNode(name, taped, outputs.map(asTaped), ...rest);
    };
    const tape = new Tape(engine, recorder, addTapeNode);
    return {
      runKernel: (name, inputs, attrs) => {
        const settled = recorder.concerns(inputs) ? recorder.settled(name, inputs) : inputs;
        return settled
          ? recorder.outside(() => previous.runKernel(name, settled, attrs))
          : recorder.inside(name, () => previous.runKernel(name, inputs, attrs));
      },

      runKernelFunc: (call) => {
        if (call.kernelName !== undefined) return previous.runKernelFunc(call);
        const custom = call as CustomCall;
        return withPlacement(engine, silently(engine), () => {
          if (!CUSTOM_WITHIN_TFJS.has(engine.state.activeScope?.name ?? '')) {
            return previous.runKernelFunc(carrying(engine, custom, recorder));
          }
          if (!recorder.concerns(custom.inputs)) return previous.runKernelFunc(custom);
          // On a gradient tape are then the kernels inside.
          return tf.tidy(() => custom.forwardFunc(engine.backend, () => {}));
        });
      },

      makeTensor: (values, shape, dtype, backend) => {
        if (values && dtype !== 'string' && values.length !== tf.util.sizeFromShape(shape)) {
          throw tensorOfTensors(shape, values.length);
        }
        return previous.makeTensor(values, shape, dtype, backend);
      },

      trackTensor: (tensor, backend) => {
        if (recorder.isTraced(tensor)) recorder.tensors.push(tensor);
        previous.trackTensor(tensor, backend);
      },

      // Only variables ask for this, with the user's backend in place even where their data is traced.
      incRef: (tensor, backend) => {
        if (!recorder.isTraced(tensor)) return previous.incRef(tensor, backend);
        engine.trackTensor(tensor, recorder.backend);
        recorder.backend.incRef(tensor.dataId as TracedData);
      },

      // The first thing that `assign` does is to let go of the old value: the last moment to object.
      disposeTensor: (tensor) => {
        if (tensor instanceof tf.Variable && tensor !== disposing) throw variableAssign(tensor.name);
        previous.disposeTensor(tensor);
      },

      disposeVariable: (variable) => {
        disposing = variable;
        try {
          previous.disposeVariable(variable);
        } finally {
          disposing = undefined;
        }
      },

      startScope: (name) => {
        if (name !== undefined && RANDOM.has(name)) throw randomOp(recorder.op ?? name.slice(0, -'__op'.length));
        previous.startScope(name);
      },

      addTapeNode: (name, inputs, outputs, gradient, saved, attrs) => {
        // Kernels have inputs that may be missing; on a tape, tfjs would stumble over them.
        addTapeNode(name, present(inputs), outputs, gradient, saved, attrs);
        const node = engine.state.activeTape?.at(-1);
        // A user's own gradient stays.
        if (node && !gradient) node.gradient = tape.gradientFor(node, name, attrs);
      },

      // How tfjs saves what its gradient functions need. It tapes that copy before the op itself, so that an outer
      // gradient misses all that goes through a saved result (of tanh, exp, softmax …). Under the id of the original
      // nothing is missed, and `tf.grad` of `tf.grad` is right.
      clone: (tensor) => {
        const saved = engine.runKernel('Identity', { x: tensor }) as tf.Tensor;
        return Object.assign(saved, { id: tensor.id });
      },
    };
  });

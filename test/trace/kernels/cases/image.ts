/** Cases of images: resized, cropped, rotated, transformed, recoloured; and their gradients. */

import * as tf from '@tensorflow/tfjs';
import { between, type Case, exactly, floats, type Input, ints } from '../case.ts';
import { gradientCase, many } from './spatial.ts';

type Pair = [number, number];

interface Resize {
  readonly image: number[];
  readonly size: Pair;
  readonly alignCorners?: boolean;
  readonly halfPixelCenters?: boolean;
}

const sizes: Pair[] = [
  [8, 8],
  [6, 7],
  [2, 3],
  [3, 9],
  [1, 1],
  [4, 4],
  [12, 2],
];

const modes = [{}, { alignCorners: true }, { halfPixelCenters: true }];

const resizes: Resize[] = modes.flatMap((mode) => [
  ...sizes.map((size) => ({ image: [2, 4, 4, 2], size, ...mode })),
  { image: [1, 5, 3, 1], size: [7, 6] as Pair, ...mode },
  { image: [2, 1, 4, 1], size: [3, 1] as Pair, ...mode },
  { image: [1, 1, 1, 3], size: [2, 3] as Pair, ...mode },
]);

const resizeLabel = ({ image, size, alignCorners, halfPixelCenters }: Resize): string =>
  `[${image}] to [${size}]${alignCorners ? ', corners aligned' : ''}${halfPixelCenters ? ', half pixels' : ''}`;

const bilinear =
  ({ size, alignCorners, halfPixelCenters }: Resize) =>
  (x: tf.Tensor4D): tf.Tensor =>
    tf.image.resizeBilinear(x, size, alignCorners, halfPixelCenters);

const nearest =
  ({ size, alignCorners, halfPixelCenters }: Resize) =>
  (x: tf.Tensor4D): tf.Tensor =>
    tf.image.resizeNearestNeighbor(x, size, alignCorners, halfPixelCenters);

// tfjs also refuses its own gradient of a bilinear image that isn't square, whose shape it gets wrong.
const forgotten = "tfjs' gradients forget halfPixelCenters";
const mixed = 'tfjs takes gradients of images but the first from wrong places';
const endless = 'tfjs looks for the gradient of an axis of one element, corners aligned, in a window without end';

const nearestDefect = ({ image, size, alignCorners, halfPixelCenters }: Resize): string | undefined => {
  if (alignCorners && [0, 1].some((axis) => image[axis + 1] === 1 && size[axis] > 1)) return endless;
  if (image[0] > 1) return mixed;
  return halfPixelCenters ? forgotten : undefined;
};

export const resizeCases: Case[] = [
  ...resizes.flatMap((r) => {
    const inputs = [floats(r.image)];
    const [wrong, wrongNearest] = [r.halfPixelCenters ? forgotten : undefined, nearestDefect(r)];
    const cases = [
      { ...many('ResizeBilinear', resizeLabel(r), inputs, bilinear(r)), ...(wrong && { otherGradient: wrong }) },
      {
        ...many('ResizeNearestNeighbor', resizeLabel(r), inputs, nearest(r)),
        ...(wrongNearest && { otherGradient: wrongNearest }),
      },
    ];
    if (wrongNearest !== endless) {
      const single = [floats([1, ...r.image.slice(1)])];
      const gradient = gradientCase('ResizeNearestNeighborGrad', resizeLabel(r), single, nearest(r), 0);
      cases.push({ ...gradient, ...(wrong && { differs: wrong }) });
    }
    if (r.image[1] === r.image[2]) {
      const gradient = gradientCase('ResizeBilinearGrad', resizeLabel(r), inputs, bilinear(r), 0);
      cases.push({ ...gradient, ...(wrong && { differs: wrong }) });
    }
    return cases;
  }),
  many('ResizeBilinear', 'of int32', [ints([1, 2, 2, 1], [1, 4, -3, 2])], (x: tf.Tensor4D) =>
    tf.image.resizeBilinear(x, [3, 5]),
  ),
  many('ResizeNearestNeighbor', 'of int32', [ints([1, 2, 2, 1], [1, 4, -3, 2])], (x: tf.Tensor4D) =>
    tf.image.resizeNearestNeighbor(x, [3, 5]),
  ),
  // Long axes are resized by places.
  ...([{}, { alignCorners: true }] as const).flatMap((mode) => {
    const long = { image: [1, 260, 260, 1], size: [3, 2] as Pair, ...mode };
    const longer = { image: [1, 2, 2, 1], size: [2, 261] as Pair, ...mode };
    return [
      many('ResizeBilinear', resizeLabel(longer), [floats(longer.image)], bilinear(longer)),
      gradientCase('ResizeBilinearGrad', resizeLabel(longer), [floats(longer.image)], bilinear(longer), 0),
      many('ResizeBilinear', resizeLabel(long), [floats(long.image)], bilinear(long)),
    ];
  }),
  // In tfjs' arithmetic 1/49 of 49 is less than 1.
  many('ResizeNearestNeighbor', 'by 49', [floats([1, 2, 1, 1])], (x: tf.Tensor4D) =>
    tf.image.resizeNearestNeighbor(x, [98, 1]),
  ),
  many('ResizeBilinear', 'of rank 3', [floats([4, 3, 2])], (x: tf.Tensor3D) => tf.image.resizeBilinear(x, [5, 5])),
];

const photo = floats([2, 5, 6, 2]);
const boxes = exactly(
  [4, 4],
  [0.13, 0.22, 0.81, 0.93, -0.21, 0.03, 0.62, 1.34, 0.74, 0.63, 0.24, 0.11, 1.4, 0.2, 1.9, 0.7],
);
const owners = (): tf.Tensor1D => tf.tensor1d([1, 0, 1, 0], 'int32');
const firsts = (): tf.Tensor1D => tf.tensor1d([0, 0, 0, 0], 'int32');
const constantBoxes = (): tf.Tensor2D => tf.tensor2d(boxes.values, [4, 4]);

export const cropCases: Case[] = [
  ...(['bilinear', 'nearest'] as const).flatMap((method) =>
    (
      [
        [3, 4],
        [1, 1],
        [7, 2],
      ] as Pair[]
    ).flatMap((crop) => [
      many('CropAndResize', `${method} [${crop}] of given boxes`, [photo, boxes], (x: tf.Tensor4D, b: tf.Tensor2D) =>
        tf.image.cropAndResize(x, b, owners(), crop, method, 0.7),
      ),
      many('CropAndResize', `${method} [${crop}] of constant boxes`, [photo], (x: tf.Tensor4D) =>
        tf.image.cropAndResize(x, constantBoxes(), owners(), crop, method, -2),
      ),
      many(
        'CropAndResize',
        `${method} [${crop}] of the first image`,
        [photo, boxes],
        (x: tf.Tensor4D, b: tf.Tensor2D) => tf.image.cropAndResize(x, b, firsts(), crop, method),
      ),
    ]),
  ),
  many(
    'CropAndResize',
    'with traced places of images',
    [photo, boxes, ints([4], [0, 1, 1, 0])],
    (x: tf.Tensor4D, b: tf.Tensor2D, which: tf.Tensor1D) => tf.image.cropAndResize(x, b, which, [2, 3], 'bilinear', 3),
  ),
  many('CropAndResize', 'of an image that does not exist', [photo], (x: tf.Tensor4D) =>
    tf.image.cropAndResize(x, constantBoxes(), tf.tensor1d([0, 2, 1, 2], 'int32'), [2, 3], 'bilinear', 3),
  ),
  many('CropAndResize', 'of a single row', [floats([1, 1, 5, 1])], (x: tf.Tensor4D) =>
    tf.image.cropAndResize(x, tf.tensor2d([[0, 0.1, 0, 0.7]]), tf.tensor1d([0], 'int32'), [2, 3]),
  ),
  many('CropAndResize', 'of int32', [ints([1, 2, 2, 1], [1, 4, -3, 2])], (x: tf.Tensor4D) =>
    tf.image.cropAndResize(x, tf.tensor2d([[0, 0.1, 0.9, 0.7]]), tf.tensor1d([0], 'int32'), [2, 3]),
  ),
  {
    ...many(
      'CropAndResize',
      'the whole image',
      [floats([1, 4, 6, 1]), exactly([1, 4], [0, 0, 1, 1])],
      (x: tf.Tensor4D, b: tf.Tensor2D) =>
        tf.image.cropAndResize(x, b, tf.tensor1d([0], 'int32'), [10, 16], 'bilinear', 99),
    ),
    smooth: false,
  },
  // 187 steps of 3/187 are more than 3, which tfjs takes for outside of the image.
  many('CropAndResize', 'the whole image, less its end', [floats([1, 4, 2, 1])], (x: tf.Tensor4D) =>
    tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [188, 3], 'bilinear', 99),
  ),
];

const colours = (channels: number): Input => floats([2, 4, 5, channels]);

export const rotationCases: Case[] = [
  many('RotateWithOffset', 'by half a radian', [colours(2)], (x: tf.Tensor4D) => tf.image.rotateWithOffset(x, 0.5)),
  many('RotateWithOffset', 'filled, off centre', [colours(2)], (x: tf.Tensor4D) =>
    tf.image.rotateWithOffset(x, -1.1, 0.3, [0.2, 0.7]),
  ),
  many('RotateWithOffset', 'filled with a colour', [colours(3)], (x: tf.Tensor4D) =>
    tf.image.rotateWithOffset(x, 2, [0.1, 0.2, 0.3]),
  ),
  many('RotateWithOffset', 'filled with an opaque colour', [colours(4)], (x: tf.Tensor4D) =>
    tf.image.rotateWithOffset(x, 0.8, [0.1, 0.2, 0.3], 0.25),
  ),
  many('RotateWithOffset', 'by nothing', [colours(1)], (x: tf.Tensor4D) => tf.image.rotateWithOffset(x, 0, 7)),
];

const picture = floats([1, 4, 5, 2], 3);
const pair = floats([2, 4, 5, 2], 3);
/** Affine and projective, and far outside of the image. */
const maps = {
  affine: [1.1317, -0.2741, 0.4153, 0.3129, 0.8713, -0.6347, 0, 0],
  projective: [0.8339, 0.1921, -0.3717, -0.2343, 1.2113, 0.2937, 0.0431, -0.0673],
  far: [6.17, -3.29, -9.43, -4.13, 7.61, -8.37, 0.011, 0.017],
};
const onlyFirst = 'tfjs transforms the first image only';

export const transformCases: Case[] = [
  ...(['nearest', 'bilinear'] as const).flatMap((interpolation) =>
    (['constant', 'reflect', 'wrap', 'nearest'] as const).flatMap((fillMode) => [
      ...Object.entries(maps).flatMap(([name, map]) => [
        many(
          'Transform',
          `${interpolation}, ${fillMode}, ${name}`,
          [picture, exactly([1, 8], map)],
          (x: tf.Tensor4D, t: tf.Tensor2D) => tf.image.transform(x, t, interpolation, fillMode, 0.7),
        ),
        many('Transform', `${interpolation}, ${fillMode}, ${name}, constant`, [picture], (x: tf.Tensor4D) =>
          tf.image.transform(x, tf.tensor2d([map]), interpolation, fillMode, 0.7, [3, 6]),
        ),
      ]),
      {
        ...many(
          'Transform',
          `${interpolation}, ${fillMode}, of two images`,
          [pair, exactly([2, 8], [...maps.affine, ...maps.projective])],
          (x: tf.Tensor4D, t: tf.Tensor2D) => tf.image.transform(x, t, interpolation, fillMode),
        ),
        differs: onlyFirst,
      },
    ]),
  ),
  {
    ...many('Transform', 'one for two images', [pair, exactly([1, 8], maps.affine)], (x: tf.Tensor4D, t: tf.Tensor2D) =>
      tf.image.transform(x, t, 'bilinear', 'reflect', 0, [6, 3]),
    ),
    differs: onlyFirst,
  },
  ...(['constant', 'reflect', 'wrap', 'nearest'] as const).map((fillMode) =>
    many('Transform', `${fillMode}, of a single row`, [floats([1, 1, 4, 1])], (x: tf.Tensor4D) =>
      tf.image.transform(x, tf.tensor2d([maps.far]), 'bilinear', fillMode, 2, [3, 4]),
    ),
  ),
  {
    ...many(
      'Transform',
      'nowhere',
      [picture, exactly([1, 8], [1, 0, 0, 0, 1, 0, -0.5, 0])],
      (x: tf.Tensor4D, t: tf.Tensor2D) => tf.image.transform(x, t, 'bilinear', 'nearest', 0.7),
    ),
    smooth: false,
  },
];

const grey = ints([2, 3, 1], [0, 12, 130, 255, 200, 40]);

export const colourCases: Case[] = [
  many('FlipLeftRight', 'rows turned around', [floats([2, 3, 4, 2])], (x: tf.Tensor4D) => tf.image.flipLeftRight(x)),
  many('Tile', 'grayscaleToRGB', [floats([2, 3, 2, 1])], (x: tf.Tensor4D) => tf.image.grayscaleToRGB(x)),
  many('Einsum', 'rgbToGrayscale', [floats([2, 3, 2, 3])], (x: tf.Tensor4D) => tf.image.rgbToGrayscale(x)),
  many('Einsum', 'rgbToGrayscale of one image', [floats([3, 2, 3])], (x: tf.Tensor3D) => tf.image.rgbToGrayscale(x)),
  many('Cast', 'threshold', [between([3, 2, 3], 0, 255)], (x: tf.Tensor3D) =>
    tf.image.threshold(x, 'binary', false, 0.4),
  ),
  many('Cast', 'threshold, inverted', [grey], (x: tf.Tensor3D) => tf.image.threshold(x, 'binary', true, 0.4)),
  many('Bincount', 'threshold by Otsu', [grey], (x: tf.Tensor3D) => tf.image.threshold(x, 'otsu')),
];

/** The example's picture: a symmetric matrix as a heat map, and beside it its spectrum, as one PNG. */

import { PNG } from 'pngjs';

type Color = readonly [number, number, number];

const MARGIN = 16;
const LEAST_SIDE = 480;
const WHITE: Color = [255, 255, 255];
const GRID: Color = [222, 222, 222];
const POSITIVE: Color = [178, 24, 43];
const NEGATIVE: Color = [33, 102, 172];

const mix = (from: Color, to: Color, t: number): Color => [
  from[0] + (to[0] - from[0]) * t,
  from[1] + (to[1] - from[1]) * t,
  from[2] + (to[2] - from[2]) * t,
];

const fill = (png: PNG, left: number, top: number, width: number, height: number, [r, g, b]: Color): void => {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) png.data.set([r, g, b, 255], (y * png.width + x) * 4);
  }
};

/** Red above zero, blue below, with a logarithmic scale: entries span many powers of ten. */
const colorOf = (value: number, largest: number): Color => {
  const strength = Math.log1p((Math.abs(value) / largest) * 1000) / Math.log1p(1000);
  return mix(WHITE, value < 0 ? NEGATIVE : POSITIVE, strength);
};

/** Eigenvalues from largest to smallest over a logarithmic axis, with a line at each power of ten. */
const drawSpectrum = (png: PNG, left: number, side: number, eigenvalues: readonly number[]): void => {
  const sorted = [...eigenvalues].sort((a, b) => b - a);
  const logs = sorted.map((value) => Math.log10(Math.max(Math.abs(value), Number.MIN_VALUE)));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(Math.ceil(Math.max(...logs)), low + 1);
  const heightOf = (log: number): number => MARGIN + Math.round(((high - log) / (high - low)) * (side - 1));
  for (let power = low; power <= high; power++) fill(png, left, heightOf(power), side, 1, GRID);
  logs.forEach((log, i) => {
    const x = left + Math.round((i / Math.max(1, sorted.length - 1)) * (side - 3));
    fill(png, x, Math.min(heightOf(log), MARGIN + side - 3), 3, 3, sorted[i] < 0 ? NEGATIVE : POSITIVE);
  });
};

/** `matrix` is row-major `[n, n]`; the file's bytes are returned. */
export const drawMatrix = (matrix: Float64Array, n: number, eigenvalues: readonly number[]): Buffer => {
  const scale = Math.max(1, Math.ceil(LEAST_SIDE / n));
  const side = n * scale;
  const png = new PNG({ width: 2 * side + 3 * MARGIN, height: side + 2 * MARGIN });
  fill(png, 0, 0, png.width, png.height, WHITE);
  const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      fill(png, MARGIN + j * scale, MARGIN + i * scale, scale, scale, colorOf(matrix[i * n + j], largest));
    }
  }
  drawSpectrum(png, side + 2 * MARGIN, side, eigenvalues);
  return PNG.sync.write(png);
};

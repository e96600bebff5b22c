/** Figures for people: counts with decimal prefixes, bytes with binary ones. */

/** 1.2 G, 340 M, …: three significant digits with a decimal prefix. */
export const formatCount = (value: number): string => {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];
  let scaled = value;
  let k = 0;
  while (scaled >= 1000 && k < prefixes.length - 1) {
    scaled /= 1000;
    k++;
  }
  return `${Number(scaled.toPrecision(3))} ${prefixes[k]}`;
};

/** 3.5 MiB: three significant digits with a binary prefix. */
export const formatBytes = (value: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value;
  let k = 0;
  while (scaled >= 1024 && k < units.length - 1) {
    scaled /= 1024;
    k++;
  }
  return `${Number(scaled.toPrecision(3))} ${units[k]}`;
};

// Numbers as the reader's language writes them.
import { perLocale } from '../i18n/locale';

/** A released count is so far from the true one, at most (docs/methods/release.md). What only publishers wrote is exact. */
export const COUNT_ERROR = 4;

const plain = perLocale((locale) => new Intl.NumberFormat(locale));
const compact = perLocale((locale) => new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }));
const tenths = perLocale((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
const whole = perLocale((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
const rough = perLocale((locale) =>
  [0, 1, 2].map((digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })),
);

/** `12,345` */
export function count(value: number): string {
  return plain().format(value);
}

/** `12.3K`, for axes and tight places; small numbers stay whole. */
export function short(value: number): string {
  return Math.abs(value) < 10_000 ? plain().format(value) : compact().format(value);
}

/** `23.4/s`, `<0.1/s`, `0/s` */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return `<${plain().format(0.1)}/s`;
  return `${(perSecond < 10 ? tenths() : whole()).format(perSecond)}/s`;
}

/** `12`, `2.5`, `0.43`: as much as a comparison of two counts bears. */
export function roughly(value: number): string {
  const digits = value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return rough()[digits]?.format(value) ?? plain().format(value);
}

/** `72 ± 4` */
export function countWithError(value: number): string {
  return `${count(value)} ± ${COUNT_ERROR}`;
}

/** `71 %` */
export function percent(share: number): string {
  return `${count(Math.round(share * 100))} %`;
}

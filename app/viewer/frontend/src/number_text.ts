// Numbers as text: the same number reads the same everywhere in the viewer.

const THIN = "\u202f";

/** 4211 -> "4 211". */
export function whole(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** Three significant digits, no exponent between 0.001 and 99999. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return whole(value);
  if (size < 0.001) return value.toExponential(1).replace("-", "\u2212").replace("e\u2212", "e-");
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = size < 0.1 ? value.toPrecision(2) : value.toFixed(digits);
  return text.replace("-", "\u2212");
}

/** A value with its unit: "3.80x uniform", "+0.12 log-risk". */
export function withUnit(value: number, unit: string, isSigned = false): string {
  const sign = isSigned && value > 0 ? "+" : "";
  if (!unit) return sign + short(value);
  return unit.startsWith("x ") ? `${short(value)}× ${unit.slice(2)}` : `${sign}${short(value)} ${unit}`;
}

/** A share in per cent: 0.05 -> "5 %", 0.001 -> "0.1 %". */
export function percent(share: number): string {
  const value = share * 100;
  const text = value >= 10 || Number.isInteger(value) ? Math.round(value).toString() : value.toFixed(1);
  return `${text}${THIN}%`;
}

/** How much of all a map effectively reads: never "100 %", which would sound like a count. */
export function mostPercent(share: number): string {
  return share > 0.99 ? `more than 99${THIN}%` : percent(share);
}

/** A percentile as it is said: 97 -> "p97". */
export function percentile(value: number): string {
  return `p${Math.min(99, Math.max(1, Math.round(value)))}`;
}

/** A length in µm, or in mm from 1000 µm. */
export function micrometres(value: number): string {
  return value >= 1000 ? `${trim(value / 1000)}${THIN}mm` : `${trim(value)}${THIN}µm`;
}

/** Seconds as "1:40", or "2 h 05". */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (hours > 0) return `${hours}${THIN}h ${String(minutes).padStart(2, "0")}`;
  return `${minutes}:${String(total % 60).padStart(2, "0")}`;
}

/** A magnification: 20 -> "20x", 12.43 -> "12.4x", 0.831 -> "0.83x". */
export function times(value: number): string {
  return `${trim(value >= 10 ? Math.round(value * 10) / 10 : Math.round(value * 100) / 100)}x`;
}

function trim(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** @file Numbers as C++ streams print them, for log lines that scripts parse. */

const DIGITS = 6;

/**
 * A number with six significant digits, as `%g` writes it: `"0.1"`, `"1e-05"`, `"1.23457e+06"`,
 * `"nan"`, `"inf"`. Halves are rounded to even.
 */
export function generalNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value < 0 || Object.is(value, -0)) return `-${generalNumber(-value)}`;
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === 0) return "0";
  const { digits, exponent } = rounded(value);
  if (exponent < -4 || exponent >= DIGITS) {
    const sign = exponent < 0 ? "-" : "+";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${withoutZeros(`${digits[0]}.${digits.slice(1)}`)}e${sign}${size}`;
  }
  if (exponent < 0) return withoutZeros(`0.${"0".repeat(-exponent - 1)}${digits}`);
  return withoutZeros(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

/** The six digits of a positive number and its decimal exponent. */
function rounded(value: number): { digits: string; exponent: number } {
  const text = isTieToEven(value) ?? value.toExponential(DIGITS - 1);
  const [mantissa, exponent] = text.split("e") as [string, string];
  return { digits: mantissa.replace(".", ""), exponent: Number(exponent) };
}

/**
 * `toExponential` rounds halves up; C rounds them to even. Only a number whose digits after the
 * sixth are exactly 5000... can differ, and it then is cut off.
 */
function isTieToEven(value: number): string | undefined {
  const [mantissa, exponent] = value.toExponential(60).split("e") as [string, string];
  const kept = mantissa.slice(0, DIGITS + 1);
  const isTie = /^50*$/.test(mantissa.slice(DIGITS + 1));
  return isTie && Number(kept.at(-1)) % 2 === 0 ? `${kept}e${exponent}` : undefined;
}

function withoutZeros(text: string): string {
  return text.replace(/\.0*$|(\.\d*?)0+$/, "$1");
}

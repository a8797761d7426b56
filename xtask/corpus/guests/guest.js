// A component in JavaScript.
export function run(text) {
  const isPrime = (n) => n > 1 && ![...Array(n).keys()].some((d) => d > 1 && n % d === 0);
  const primes = [...Array(60).keys()].filter(isPrime);
  return JSON.stringify([primes, [...text].reverse().join(''), 2n ** 70n + '', text.match(/(?<w>\w+)/u).groups.w, 0.1 + 0.2]);
}

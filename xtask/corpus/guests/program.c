/* A program that uses the C library: its arguments are a seed, its exit code is 3. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int argc, char **argv) {
  unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
  int values[64];
  for (int i = 0; i < 64; i++) {
    seed = seed * 1103515245u + 12345u;
    values[i] = (int)(seed >> 20);
  }
  qsort(values, 64, sizeof *values, by_value);
  for (int i = 0; i < 64; i += 9) printf("%d %.6f %s\n", values[i], sqrt(values[i]) + sin(i), strchr("abc", 'b'));
  char *text = malloc(100);
  snprintf(text, 100, "%-8s|%08x|%g", "end", seed, 1e100);
  puts(text);
  free(text);
  return 3;
}

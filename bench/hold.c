// hold: opens streams that last, and watches all of them for a while.
//   hold PORT PATH BODY_FILE STREAMS SETTLE_S SECONDS [HEADER]...
//   In the environment: LIMIT_S (120), for the opening; OPENING (100), how many may wait for their first token at a time.
// Prints a line of JSON, {"held"}, SETTLE_S after every stream has its first token (or the limit passed); then SECONDS
// later another one of what came in between: streams still open; tokens a second, and their age; heartbeats, how long
// a stream had been silent when one came, and the longest silence of any stream. Milliseconds.
#include "reading.h"

enum { AGES_MAX = 1 << 24, BEATS_MAX = 1 << 20 };

static long wanted, opened, begun, open_, tokens, beats, n_age;
static float *ages, *gaps;
static int watching;

static void token(Stream *s, uint64_t sent, uint64_t t) {
  if (s->tokens == 1) begun++;
  if (!watching) return;
  tokens++;
  if (n_age < AGES_MAX) ages[n_age++] = (double)(t - sent) / 1e6;
}

static void comment(Stream *s, uint64_t t) {
  if (watching && beats < BEATS_MAX) gaps[beats++] = (t - s->last) / 1e6;
}

static void gone(int fd) {
  if (!streams[fd].tokens) begun++;  // it will not begin any more: others may
  close(fd);
  streams[fd].open = 0;
  open_--;
}

static void turn(int most_opening) {
  for (; opened < wanted && opened - begun < most_opening; opened++, open_++) open_one();
  struct epoll_event events[1024];
  int n = epoll_wait(ep, events, 1024, 10);
  for (int i = 0; i < n; i++)
    if (streams[events[i].data.fd].open && serve(events[i].data.fd)) gone(events[i].data.fd);
}

static void turn_until(uint64_t end, int most_opening) {
  while (now() < end) turn(most_opening);
}

static double longest_silence(void) {
  uint64_t t = now(), least = t;
  for (int fd = 0; fd < STREAMS_MAX; fd++)
    if (streams[fd].open && streams[fd].last < least) least = streams[fd].last;
  double ms = (t - least) / 1e6;
  for (long i = 0; i < beats; i++) ms = gaps[i] > ms ? gaps[i] : ms;
  return ms;
}

int main(int argc, char **argv) {
  if (argc < 7) return fprintf(stderr, "usage: hold PORT PATH BODY_FILE STREAMS SETTLE_S SECONDS [HEADER]...\n"), 2;
  ask_for(argv[1], argv[2], argv[3], argv + 7);
  wanted = atol(argv[4]);
  uint64_t settle = atol(argv[5]) * 1000000000ull, seconds = atol(argv[6]) * 1000000000ull;
  ages = malloc(AGES_MAX * sizeof *ages);
  gaps = malloc(BEATS_MAX * sizeof *gaps);
  int opening = number("OPENING", 100);
  uint64_t deadline = now() + number("LIMIT_S", 120) * 1000000000ull;
  while (begun < wanted && now() < deadline) turn(opening);
  turn_until(now() + settle, 0);
  printf("{\"held\": %ld}\n", open_);
  fflush(stdout);
  watching = 1;
  uint64_t from = now();
  turn_until(from + seconds, 0);
  double wall = (now() - from) / 1e9;
  printf("{\"open\": %ld, \"seconds\": %.3f, \"tok_s\": %.0f, ", open_, wall, tokens / wall);
  print_spread("age_ms", ages, n_age);
  printf(", \"beats\": %ld, \"longest_silence_ms\": %.1f, ", beats, longest_silence());
  print_spread("beat_gap_ms", gaps, beats);
  printf("}\n");
  return open_ < wanted;
}

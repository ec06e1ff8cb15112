// What load.c and hold.c share: one streamed answer on a nonblocking socket, read as any client reads it.
// Its body is searched for "T<ns>;", the clock that `source` puts into every token, whatever format it lies in, and for
// comments of server-sent events (a line that begins with ":"): heartbeats.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MAX = 65536, TAIL = 256 };

typedef struct {
  int open, wrote, head_done, head_len, status, digits, in_line, chunked, ended, tail_len;
  enum { SIZE, DATA, BREAK } in;
  long left, tokens;
  uint64_t opened, first, last, stamp;  // of the first token; of the last bytes; in the token that is being read
  char head[4096], tail[TAIL];
} Stream;

static Stream streams[STREAMS_MAX];  // by descriptor
static struct sockaddr_in addr;
static char request[24576], buffer[262144];
static int request_len, ep;

static void token(Stream *s, uint64_t sent, uint64_t t);  // one arrived
static void comment(Stream *s, uint64_t t);               // one began; s->last is still that of what came before

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static long number(const char *name, long otherwise) { return getenv(name) ? atol(getenv(name)) : otherwise; }

// ---- asking

static void ask_for(const char *port, const char *path, const char *body_file, char **headers) {
  addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char body[8192];
  FILE *f = fopen(body_file, "r");
  if (!f) perror(body_file), exit(2);
  int body_len = fread(body, 1, sizeof body, f);
  if (!feof(f) && fgetc(f) != EOF) fprintf(stderr, "%s: more than %zu bytes\n", body_file, sizeof body), exit(2);
  fclose(f);
  char more[8192] = "";
  for (int used = 0; *headers; headers++) {
    used += snprintf(more + used, sizeof more - used, "%s\r\n", *headers);
    if (used >= (int)sizeof more) fprintf(stderr, "headers: more than %zu bytes\n", sizeof more), exit(2);
  }
  request_len = snprintf(request, sizeof request,
                         "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                         "Accept: text/event-stream\r\nContent-Length: %d\r\n%s\r\n%.*s",
                         path, body_len, more, body_len, body);
  if (request_len >= (int)sizeof request) fprintf(stderr, "request: more than %zu bytes\n", sizeof request), exit(2);
  ep = epoll_create1(0);
}

static void open_one(void) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || fd >= STREAMS_MAX) perror("socket (see ulimit -n)"), exit(2);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  memset(&streams[fd], 0, sizeof(Stream));
  streams[fd].open = 1;
  streams[fd].opened = streams[fd].last = now();
  connect(fd, (void *)&addr, sizeof addr);  // a failure shows at the first write
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.fd = fd};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

// ---- reading

static void keep_tail(Stream *s, const char *bytes, ssize_t n) {
  if (n > TAIL) bytes += n - TAIL, n = TAIL;
  int kept = s->tail_len + n > TAIL ? TAIL - n : s->tail_len;
  memmove(s->tail, s->tail + s->tail_len - kept, kept);
  memcpy(s->tail + kept, bytes, n);
  s->tail_len = kept + n;
}

static void scan(Stream *s, const char *bytes, ssize_t n, uint64_t t) {
  for (ssize_t i = 0; i < n; i++) {
    char c = bytes[i];
    if (s->digits && c >= '0' && c <= '9') {
      s->stamp = s->stamp * 10 + (c - '0');
      s->digits++;
      continue;
    }
    if (c == ';' && s->digits > 8) {
      s->tokens++;
      if (!s->first) s->first = t;
      token(s, s->stamp, t);
    } else if (c == ':' && !s->in_line) comment(s, t);
    s->digits = c == 'T';
    s->stamp = 0;
    s->in_line = c != '\n' && c != '\r';
  }
  keep_tail(s, bytes, n);
  s->last = t;
}

static void unchunk(Stream *s, const char *p, const char *end, uint64_t t) {  // a relay may cut a token in two chunks
  while (p < end && !s->ended) {
    if (s->in == DATA) {
      long n = end - p < s->left ? end - p : s->left;
      scan(s, p, n, t);
      p += n;
      if (!(s->left -= n)) s->in = BREAK;
    } else if (s->in == BREAK) {
      if (*p++ == '\n') s->in = SIZE;
    } else if (*p == '\n') {
      p++;
      s->ended = s->left == 0;
      s->in = DATA;
    } else {
      char c = *p++ | 32;
      if (c >= '0' && c <= '9') s->left = s->left * 16 + c - '0';
      else if (c >= 'a' && c <= 'f') s->left = s->left * 16 + c - 'a' + 10;
    }
  }
}

static const char *skip_head(Stream *s, ssize_t n) {  // where in the buffer the body begins, NULL while the head goes on
  int had = s->head_len, room = sizeof s->head - 1 - had, k = n < room ? n : room;
  memcpy(s->head + had, buffer, k);
  s->head[s->head_len += k] = 0;
  char *blank = strstr(s->head, "\r\n\r\n");
  if (!blank) return NULL;
  s->head_done = 1;
  sscanf(s->head, "HTTP/1.%*d %d", &s->status);
  char *te = strcasestr(s->head, "transfer-encoding: chunked");
  s->chunked = te && te < blank;
  return buffer + (blank + 4 - s->head - had);
}

static int take(int fd, Stream *s) {  // 1: the answer ended
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return n == 0 || errno != EAGAIN;
    uint64_t t = now();
    const char *from = s->head_done ? buffer : skip_head(s, n);
    if (!from) continue;
    if (s->chunked) unchunk(s, from, buffer + n, t);
    else scan(s, from, buffer + n - from, t);
    if (s->ended) return 1;
  }
}

static int serve(int fd) {  // write the request, or read the answer. 1: it ended
  Stream *s = &streams[fd];
  if (s->wrote) return take(fd, s);
  if (send(fd, request, request_len, MSG_NOSIGNAL) != request_len) return 1;
  s->wrote = 1;
  struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
  epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
  return 0;
}

// ---- telling

static int by_value(const void *a, const void *b) { return (*(float *)a > *(float *)b) - (*(float *)a < *(float *)b); }

static void print_spread(const char *name, float *v, long n) {  // sorts them; milliseconds
  qsort(v, n, sizeof *v, by_value);
#define AT(q) (n ? v[(long)((n - 1) * q)] : -1)
  printf("\"%s\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name, AT(.5), AT(.99), AT(1));
}

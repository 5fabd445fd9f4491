/*
 * Plays ublk_drv and a guest for a server in another process, and measures it.
 *
 *   ublk-driver OP BLOCK-BYTES DEPTH WARM-UP MILLISECONDS DISK-BYTES CPU SERVER [ARGUMENT]...
 *
 * OP is randread, randwrite, write (one block behind the other) or commit (4 KiB at random, then a
 * FLUSH). WARM-UP is how many milliseconds pass before it measures: compilers, files, pages. CPU is where the driver runs, or -1. SERVER is started with the ring and the memory of
 * the driver as its last two arguments, tells "ready RING" on its standard output, and has to
 * answer "drain" on its standard input with "drained" once nothing of what it has answered is left
 * to do, and "use" with "used" and, in JSON, what its threads have used. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include "msg_ring.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#define LINE_BYTES 512
#define MOST_SAMPLES (1u << 24)

enum kind { RANDREAD, RANDWRITE, WRITE, COMMIT };

static const char *const KINDS[] = {"randread", "randwrite", "write", "commit"};

static struct ring ring;
static struct request *requests;
static char *guest;
static int server_ring;
static enum kind kind;
static unsigned block_bytes, depth;
static uint64_t disk_blocks, next_block, written, seed = 88172645463325252ull;
static uint32_t *samples, *flush_samples;
static size_t sample_count, flush_count;
static uint64_t begun[4096];

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint64_t random64(void) { /* xorshift */
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static void send(unsigned tag, uint32_t op, uint64_t block) {
  struct request *request = &requests[tag];
  request->op_flags = op;
  request->sectors = op == OP_FLUSH ? 0 : block_bytes / SECTOR_BYTES;
  request->start_sector = block * (block_bytes / SECTOR_BYTES);
  if (op == OP_WRITE) /* no block is as another was */
    for (unsigned at = 0; at < block_bytes; at += 4096)
      *(uint64_t *)(guest + (size_t)tag * MAX_IO_BYTES + at) = ++written;
  begun[tag] = now_ns();
  ring_message(&ring, server_ring, SERVER_TAG | tag, 0);
}

static void issue(unsigned tag) {
  const uint64_t block = kind == WRITE ? next_block++ % disk_blocks : random64() % disk_blocks;
  send(tag, kind == RANDREAD ? OP_READ : OP_WRITE, block);
}

static int by_value(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double us(uint32_t *values, size_t count, double part) {
  return count == 0 ? 0 : values[(size_t)((double)(count - 1) * part)] / 1000.0;
}

static void add(uint32_t *values, size_t *count, uint64_t ns) {
  if (*count < MOST_SAMPLES) values[(*count)++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* What stands behind a word in the server's next line that begins with it. */
static void awaits(FILE *from, const char *word, char rest[LINE_BYTES]) {
  char line[LINE_BYTES];
  while (fgets(line, sizeof line, from)) {
    if (strncmp(line, word, strlen(word)) == 0) {
      line[strcspn(line, "\n")] = 0;
      strcpy(rest, line + strlen(word));
      return;
    }
  }
  fprintf(stderr, "ublk-driver: the server ended without \"%s\"\n", word);
  exit(1);
}

static void ask(FILE *to, FILE *from, const char *what, const char *word, char rest[LINE_BYTES]) {
  fputs(what, to);
  fflush(to);
  awaits(from, word, rest);
}

/* One completion after the other; those of requests are answered with the next one while it lasts. */
static unsigned serve(uint64_t end_ns, unsigned in_flight) {
  ring_enter(&ring, 1);
  unsigned head = *ring.cq_head;
  const unsigned tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
  const uint64_t now = now_ns();
  for (; head != tail; head++) {
    const struct io_uring_cqe *cqe = &ring.cqes[head & ring.cq_mask];
    const unsigned tag = (unsigned)(cqe->user_data & 0xffff);
    if (cqe->user_data & FETCHED) {
      in_flight--;
      continue;
    }
    if (cqe->res < 0) {
      fprintf(stderr, "ublk-driver: request %u ended with %d\n", tag, cqe->res);
      exit(1);
    }
    const int is_flush = (requests[tag].op_flags & 0xff) == OP_FLUSH;
    if (is_flush) {
      add(flush_samples, &flush_count, now - begun[tag]);
    } else {
      add(samples, &sample_count, now - begun[tag]);
    }
    if (kind == COMMIT && !is_flush) {
      send(tag, OP_FLUSH, 0);
    } else if (now < end_ns) {
      issue(tag);
    } else {
      in_flight--;
    }
  }
  __atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
  return in_flight;
}

static void measure(unsigned milliseconds, double *raw, uint64_t *end) {
  sample_count = flush_count = 0;
  const uint64_t start = now_ns(), end_ns = start + milliseconds * 1000000ull;
  for (unsigned tag = 0; tag < depth; tag++) issue(tag);
  for (unsigned in_flight = depth; in_flight > 0;) in_flight = serve(end_ns, in_flight);
  *end = now_ns();
  *raw = (double)(*end - start) / 1e9;
}

static double cpu_seconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "usage: see the head of ublk_driver.c\n");
    return 2;
  }
  for (kind = RANDREAD; strcmp(KINDS[kind], argv[1]) != 0;)
    if (++kind > COMMIT) return 2;
  block_bytes = (unsigned)atoi(argv[2]);
  depth = (unsigned)atoi(argv[3]);
  const unsigned warm_up = (unsigned)atoi(argv[4]);
  const unsigned milliseconds = (unsigned)atoi(argv[5]);
  disk_blocks = strtoull(argv[6], NULL, 10) / block_bytes;
  const int cpu = atoi(argv[7]);
  if (block_bytes == 0 || block_bytes > MAX_IO_BYTES || depth == 0 || depth > 4096) return 2;

  const int memory = memfd_create("guest", 0); /* the server's, too */
  const size_t bytes = GUEST_OFFSET + (size_t)depth * MAX_IO_BYTES;
  if (memory < 0 || ftruncate(memory, (off_t)bytes) < 0) die("memfd_create");
  char *shared =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
  if (shared == MAP_FAILED) die("mmap");
  requests = (struct request *)shared;
  guest = shared + GUEST_OFFSET;
  for (size_t at = 0; at < (size_t)depth * MAX_IO_BYTES; at += 8)
    *(uint64_t *)(guest + at) = random64();
  samples = malloc(MOST_SAMPLES * sizeof *samples);
  flush_samples = malloc(MOST_SAMPLES * sizeof *flush_samples);
  if (!samples || !flush_samples) die("malloc");
  ring_open(&ring, 4 * depth < 64 ? 64 : 4 * depth);

  int orders[2], answers[2];
  if (pipe(orders) || pipe(answers)) die("pipe");
  const pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) {
    char ring_number[16], memory_number[16];
    snprintf(ring_number, sizeof ring_number, "%d", ring.fd);
    snprintf(memory_number, sizeof memory_number, "%d", memory);
    char **arguments = calloc((size_t)argc, sizeof *arguments);
    for (int i = 8; i < argc; i++) arguments[i - 8] = argv[i];
    arguments[argc - 8] = ring_number;
    arguments[argc - 7] = memory_number;
    dup2(orders[0], 0);
    dup2(answers[1], 1);
    close(orders[0]), close(orders[1]), close(answers[0]), close(answers[1]);
    if (fcntl(ring.fd, F_SETFD, 0) < 0) die("fcntl"); /* the server's from here on */
    execvp(arguments[0], arguments);
    die(arguments[0]);
  }
  close(orders[0]);
  close(answers[1]);
  if (cpu >= 0) { /* not before: the server has all of them */
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    if (sched_setaffinity(0, sizeof mask, &mask) < 0) die("sched_setaffinity");
  }
  FILE *to = fdopen(orders[1], "w"), *from = fdopen(answers[0], "r");
  char rest[LINE_BYTES], before[LINE_BYTES], after[LINE_BYTES];
  awaits(from, "ready ", rest);
  const int pidfd = (int)syscall(SYS_pidfd_open, server, 0);
  server_ring = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(rest), 0);
  if (server_ring < 0) die("pidfd_getfd");
  for (unsigned waiting = depth; waiting > 0;) waiting = serve(0, waiting);

  double seconds;
  uint64_t end;
  measure(warm_up, &seconds, &end);
  ask(to, from, "drain\n", "drained", before);
  ask(to, from, "use\n", "used ", before);
  measure(milliseconds, &seconds, &end);
  ask(to, from, "drain\n", "drained", after);
  const double drain = (double)(now_ns() - end) / 1e9;
  ask(to, from, "use\n", "used ", after);
  fclose(to);
  int status;
  waitpid(server, &status, 0);
  qsort(samples, sample_count, sizeof *samples, by_value);
  qsort(flush_samples, flush_count, sizeof *flush_samples, by_value);
  printf("{\"requests\":%zu,\"seconds\":%.4f,\"drainSeconds\":%.4f,"
         "\"p50us\":%.1f,\"p99us\":%.1f,\"p999us\":%.1f,"
         "\"flushes\":%zu,\"flushP50us\":%.1f,\"flushP99us\":%.1f,\"flushP999us\":%.1f,"
         "\"driverCpuSeconds\":%.3f,\"before\":%s,\"after\":%s}\n",
         sample_count, seconds, drain, us(samples, sample_count, 0.5),
         us(samples, sample_count, 0.99), us(samples, sample_count, 0.999), flush_count,
         us(flush_samples, flush_count, 0.5), us(flush_samples, flush_count, 0.99),
         us(flush_samples, flush_count, 0.999),
         cpu_seconds(), before, after);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/*
 * The least server there can be, in C: every request becomes one of the backing file.
 *
 *   ublk-loop BACKING DEPTH DRIVER-RING MEMORY
 *
 * The last two are descriptors that it has inherited. Answers as ublk_driver.c says.
 */
#define _GNU_SOURCE
#include "msg_ring.h"

#include <fcntl.h>
#include <sys/resource.h>

#define ORDER (~0ull)

static struct ring ring;
static char order;
static struct request *requests;
static char *guest, *buffers;
static int driver, backing;

static void commit(unsigned tag, int32_t result) { ring_message(&ring, driver, tag, result); }

static void begin(unsigned tag) {
  const struct request *request = &requests[tag];
  const unsigned bytes = request->sectors * SECTOR_BYTES;
  struct io_uring_sqe *sqe = ring_sqe(&ring);
  char *buffer = buffers + (size_t)tag * MAX_IO_BYTES;
  switch (request->op_flags & 0xff) {
    case OP_READ:
      sqe->opcode = IORING_OP_READ;
      break;
    case OP_WRITE:
      memcpy(buffer, guest + (size_t)tag * MAX_IO_BYTES, bytes);
      sqe->opcode = IORING_OP_WRITE;
      break;
    default:
      sqe->opcode = IORING_OP_FSYNC;
      sqe->fsync_flags = IORING_FSYNC_DATASYNC;
      sqe->fd = backing;
      sqe->user_data = tag;
      return;
  }
  sqe->fd = backing;
  sqe->addr = (uintptr_t)buffer;
  sqe->len = bytes;
  sqe->off = request->start_sector * SECTOR_BYTES;
  sqe->user_data = tag;
}

static void done(unsigned tag, int32_t result) {
  const struct request *request = &requests[tag];
  if (result > 0 && (request->op_flags & 0xff) == OP_READ) {
    memcpy(guest + (size_t)tag * MAX_IO_BYTES, buffers + (size_t)tag * MAX_IO_BYTES,
           (size_t)result);
  }
  commit(tag, result);
}

static void used(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  const long long ns = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000ll +
                       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000ll;
  printf("used {\"queue\":{\"cpuNs\":%lld,\"switches\":%ld}}\n", ns,
         use.ru_nvcsw + use.ru_nivcsw);
  fflush(stdout);
}

static void await_order(void) {
  struct io_uring_sqe *sqe = ring_sqe(&ring);
  sqe->opcode = IORING_OP_READ;
  sqe->fd = 0;
  sqe->addr = (uintptr_t)&order;
  sqe->len = 1;
  sqe->off = (uint64_t)-1;
  sqe->user_data = ORDER;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  backing = open(argv[1], O_RDWR | O_DIRECT);
  if (backing < 0) backing = open(argv[1], O_RDWR);
  if (backing < 0) die(argv[1]);
  const unsigned depth = (unsigned)atoi(argv[2]);
  driver = atoi(argv[3]);
  const int memory = atoi(argv[4]);
  const size_t bytes = (size_t)depth * MAX_IO_BYTES;
  char *shared =
      mmap(NULL, GUEST_OFFSET + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  buffers = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (shared == MAP_FAILED || buffers == MAP_FAILED) die("mmap");
  requests = (struct request *)shared;
  guest = shared + GUEST_OFFSET;
  ring_open(&ring, 4 * depth < 64 ? 64 : 4 * depth);
  printf("ready %d\n", ring.fd);
  fflush(stdout);
  for (unsigned tag = 0; tag < depth; tag++) ring_message(&ring, driver, FETCHED | tag, 0);
  /* standard input: one byte of an order at a time, as a request among others */
  await_order();
  while (1) {
    ring_enter(&ring, 1);
    unsigned head = *ring.cq_head;
    const unsigned tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) {
      const struct io_uring_cqe *cqe = &ring.cqes[head & ring.cq_mask];
      if (cqe->user_data == ORDER) {
        if (cqe->res <= 0) return 0;
        if (order == 'd') printf("drained\n"), fflush(stdout); /* nothing is ever left to do */
        if (order == 'u') used();
        await_order();
      } else if (cqe->user_data & SERVER_TAG) {
        begin((unsigned)(cqe->user_data & 0xffff));
      } else {
        done((unsigned)cqe->user_data, cqe->res);
      }
    }
    __atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
  }
}

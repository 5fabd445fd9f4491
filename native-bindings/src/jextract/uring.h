/* What class Uring is made from. */
#include <linux/io_uring.h>
#include <linux/io_uring/query.h>
#include <linux/time_types.h>

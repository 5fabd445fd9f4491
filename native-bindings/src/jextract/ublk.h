/* What class Ublk is made from. <linux/ublk_cmd.h> uses _IOWR and EAGAIN without including them. */
#include <errno.h>
#include <sys/ioctl.h>
#include <linux/ublk_cmd.h>

/**
 * The kernel's and the C library's structs and constants, as jextract makes them from the headers.
 *
 * <p>Three classes hold constants, each an accessor method of the C name: {@link
 * io.blockcam.nativebindings.uapi.Ublk} of {@code <linux/ublk_cmd.h>}, {@link
 * io.blockcam.nativebindings.uapi.Uring} of {@code <linux/io_uring.h>}, {@link
 * io.blockcam.nativebindings.uapi.Linux} of everything else (open flags, error numbers, ioctls).
 * Every other class is a C struct of the same name: its layout, and per field an offset, a getter
 * and a setter. They keep the names of C on purpose, so that a kernel page can be read beside them.
 *
 * <p>No class here but this page is written by hand: see the README of the module. All of it is
 * stateless and may be used on any thread; the accessors fold to constants, so the hot paths use
 * them too. Values are those of x86-64.
 */
package io.blockcam.nativebindings.uapi;

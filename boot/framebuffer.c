#include "boot/framebuffer.h"

#include <assert.h>
#include "boot/multiboot.h"
#include "lib/compiler.h"
#include "lib/error.h"

#define INFO_FRAMEBUFFER	(1u << 12)

#define TYPE_RGB		1
#define TYPE_TEXT		2

#define LOW_MEMORY_END		0x100000ull

/* Multiboot Specification 0.6.96, section 3.3, from the end of the map on. */
struct framebuffer_info {
	u32 flags;
	u32 others[21];
	u64 address;
	u32 pitch, width, height;
	u8 bits_per_pixel;
	u8 type;
} __packed;

static_assert(offsetof(struct framebuffer_info, address) == 88, "multiboot");
static_assert(sizeof(struct framebuffer_info) == 110, "multiboot");

static bool is_over_kernel(const struct framebuffer *fb,
			   const struct memory_range *kernel)
{
	return fb->base.v < kernel->end.v &&
	       fb->base.v + framebuffer_size(fb) > kernel->start.v;
}

int boot_framebuffer(u64 block, const struct boot_machine *machine,
		     struct framebuffer *fb)
{
	const struct framebuffer_info *info =
		machine->read(block, sizeof(info->flags));

	*fb = (struct framebuffer){ .width = 0 };
	if (!info || !(info->flags & INFO_FRAMEBUFFER))
		return -ENODEV;
	info = machine->read(block, sizeof(*info));
	if (!info)
		return -EINVAL;
	if (info->type == TYPE_TEXT)
		return -ENODEV;

	*fb = (struct framebuffer){
		.base = { info->address },
		.pitch = info->pitch,
		.width = info->width,
		.height = info->height,
		.bits_per_pixel = info->bits_per_pixel,
	};
	if (info->type != TYPE_RGB || !framebuffer_is_usable(fb) ||
	    fb->base.v < LOW_MEMORY_END ||
	    is_over_kernel(fb, &machine->kernel))
		return -EINVAL;
	return 0;
}

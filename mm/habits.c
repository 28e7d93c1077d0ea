#include "mm/habits.h"

const struct habits habits_right = {
	.change = &change_order_right,
	.merge = &merge_order_right,
	.touch = &first_touch_right,
	.takeover = &takeover_right,
	.sharing = &sharing_right,
};

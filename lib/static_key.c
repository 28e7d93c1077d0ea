#include "lib/static_key.h"

#include "lib/string.h"

#define NOP_SIZE	5

extern struct static_key_site __start_static_keys[], __stop_static_keys[];

void static_key_set(struct static_key *key, bool on)
{
	static const u8 nop[NOP_SIZE] = { 0x0f, 0x1f, 0x44, 0, 0 };
	struct static_key_site *site;

	if (key->on == on)
		return;
	key->on = on;
	for (site = __start_static_keys; site < __stop_static_keys; site++) {
		u8 *code = (u8 *)(u64)site->code;
		u32 distance = site->target - site->code - NOP_SIZE;

		if (site->key != (u32)(u64)key)
			continue;
		memcpy(code, nop, NOP_SIZE);
		if (!on)
			continue;
		memcpy(code + 1, &distance, sizeof(distance));
		code[0] = 0xe9;		/* jmp rel32 */
	}
}

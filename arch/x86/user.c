#include "arch/x86/user.h"

extern const char user_store_insn[], user_store_failed[];

u64 user_fixup(u64 rip)
{
	return rip == (u64)user_store_insn ? (u64)user_store_failed : 0;
}

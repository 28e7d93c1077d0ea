/*
 * Sleep until the next interrupt: halt.h.
 */
	.text
	.code64

/*
 * void interrupts_on_and_halt(void): interrupts are off, and on when it
 * returns. Destroys nothing.
 */
	.globl interrupts_on_and_halt, halt_insn, halt_over
interrupts_on_and_halt:
	sti
halt_insn:
	hlt
halt_over:
	ret

	.section .note.GNU-stack, "", @progbits

/*
 * The guest's flat image, as vmm/ copies it into each VM.
 */
	.section .rodata
	.balign 16
	.globl guest_image, guest_image_end
guest_image:
	.incbin GUEST_IMAGE
guest_image_end:

	.section .note.GNU-stack, "", @progbits

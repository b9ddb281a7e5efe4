/* The ACPI tables of the board `pc`. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PC_ACPI_ROOM  8192u
#define PC_RSDP_BYTES 20u

/* All tables but the RSDP, which begins with offset 0 of `to`; pointers are offsets plus `base`. Returns
 * their length; *rsdt: offset of the RSDT. memory: bytes of RAM (where PCI memory may begin). */
size_t pc_acpi_tables(uint8_t to[PC_ACPI_ROOM], uint32_t base, uint64_t memory, uint32_t *rsdt);
/* The root pointer to an RSDT at that address. */
void pc_acpi_rsdp(uint8_t to[PC_RSDP_BYTES], uint32_t rsdt);
/* What firmware does with the tables when it has put them into memory (the "table loader" file of
 * fw_cfg): pointers that it must relocate, checksums that it must make anew. Returns the bytes. */
#define PC_LOADER_ROOM 4096u
size_t pc_acpi_loader(uint8_t to[PC_LOADER_ROOM], const uint8_t *tables, size_t bytes,
                      uint32_t rsdt);

//! The checksum of what leaves a device: CRC-32 (ISO-HDLC), as in zip and Ethernet.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// Without a table: a kilobyte less of flash memory.
pub const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

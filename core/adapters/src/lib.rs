//! Ports of the domain made real: clock, randomness, mail, images, QR

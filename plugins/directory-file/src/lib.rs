//! Reads people from an LDIF or CSV file

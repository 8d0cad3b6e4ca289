//! The only user of actix: public cards, the console, the operator's socket

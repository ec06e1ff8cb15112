"""Where chats and Runs are kept: the ports, and one adapter per database."""

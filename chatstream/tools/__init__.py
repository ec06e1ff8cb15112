"""Tools that models may call here, in chats that allow it. One file each; a module's public functions are its tools."""

"""Chats: messages as a tree, their titles, what a question becomes, import and export."""

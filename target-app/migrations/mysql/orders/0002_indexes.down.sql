ALTER TABLE order_items DROP FOREIGN KEY order_items_order_id_fkey;
ALTER TABLE orders DROP FOREIGN KEY orders_customer_id_fkey;

DROP INDEX order_items_order_id ON order_items;
DROP INDEX orders_customer_id ON orders;
